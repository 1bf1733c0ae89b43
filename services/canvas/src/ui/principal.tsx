import { useQuery } from '@tanstack/react-query';
import { principalTitleQuery } from '@/api/queries';
import { useCan } from '@/session/session';

/** Whoever did something, by the name that people know; by the resource name where the reader may
 * not look it up, or where there is none. */
export function Principal({ name }: { name: string }) {
  const seesUsers = useCan('users.get');
  const seesKeys = useCan('apiKeys.get');
  const enabled =
    (name.startsWith('users/') && seesUsers) || (name.startsWith('apiKeys/') && seesKeys);
  const { data: title } = useQuery({ ...principalTitleQuery(name), enabled });
  return (
    <span className={title ? 'truncate' : 'mono truncate'} title={name}>
      {title || name}
    </span>
  );
}
