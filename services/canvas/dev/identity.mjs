// Sign-in of the mock: two people, access tokens, rotating refresh tokens.
import { randomBytes } from 'node:crypto';

const people = {
  'ada@example.com': {
    principal: 'users/ada',
    displayName: 'Ada Lovelace',
    roles: ['admin'],
    permissions: ['*'],
  },
  'viewer@example.com': {
    principal: 'users/vi',
    displayName: 'Vi Ewer',
    roles: ['viewer'],
    permissions: [
      'agents.list',
      'executions.get',
      'executions.list',
      'nodeTypes.list',
      'workflows.get',
      'workflows.list',
    ],
  },
};
const password = 'correct horse battery';

export class Identity {
  #access = new Map();
  #refresh = new Map();
  constructor(lifetimeMs) {
    this.lifetimeMs = lifetimeMs;
  }
  login(email, given) {
    return people[email] && given === password ? this.#pair(email) : undefined;
  }
  refresh(token) {
    const email = this.#refresh.get(token);
    this.#refresh.delete(token);
    return email && this.#pair(email);
  }
  logout(token) {
    this.#refresh.delete(token);
  }
  who(token) {
    const found = this.#access.get(token);
    if (!found || found.expireMs < Date.now()) return undefined;
    return { tenant: 'acme', email: found.email, ...people[found.email] };
  }
  #pair(email) {
    const accessToken = randomBytes(24).toString('base64url');
    const refreshToken = randomBytes(24).toString('base64url');
    const expireMs = Date.now() + this.lifetimeMs;
    this.#access.set(accessToken, { email, expireMs });
    this.#refresh.set(refreshToken, email);
    return { accessToken, refreshToken, expireTime: new Date(expireMs).toISOString() };
  }
}
