/**
 * Where the refresh token is between page loads.
 *
 * IndexedDB, not localStorage: what one tab writes to localStorage another may not see for a
 * moment, even under a Web Lock, and a refresh token that is used twice ends the session. Without
 * IndexedDB the token lives as long as the page.
 */
export interface TokenStore {
  read(): Promise<string | null>;
  write(token: string | null): Promise<void>;
}

const database = 'agentflow';
const table = 'session';
const key = 'refresh';

export function openTokenStore(): TokenStore {
  let memory: string | null = null;
  const inMemory: TokenStore = {
    read: async () => memory,
    write: async (token) => {
      memory = token;
    },
  };
  if (!globalThis.indexedDB) return inMemory;

  let opening: Promise<IDBDatabase> | undefined;
  const open = () => {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(table);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return opening;
  };
  const inTransaction = async (
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest,
  ): Promise<string | undefined> => {
    const transaction = (await open()).transaction(table, mode, { durability: 'strict' });
    const request = work(transaction.objectStore(table));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  };
  // Private windows of some browsers have IndexedDB in name only.
  return {
    read: () =>
      inTransaction('readonly', (store) => store.get(key)).then(
        (token) => token ?? null,
        inMemory.read,
      ),
    write: (token) =>
      inTransaction('readwrite', (store) =>
        token === null ? store.delete(key) : store.put(token, key),
      ).then(
        () => undefined,
        () => inMemory.write(token),
      ),
  };
}
