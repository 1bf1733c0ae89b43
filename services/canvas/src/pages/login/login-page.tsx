import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { signIn, useSession } from '@/session/session';
import { Mark } from '@/shell/mark';
import { Button, Input, ProblemNotice } from '@/ui/basics';
import { useTitle } from '@/ui/page';
import css from './login.module.css';

export default function LoginPage() {
  useTitle('Sign in');
  const { to } = useSearch({ from: '/login' });
  const navigate = useNavigate();
  const { status, ended } = useSession();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [tenant, setTenant] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  useEffect(() => {
    // Only paths of this application: anything else could lead away after signing in.
    if (status === 'signedIn') {
      void navigate({ href: to && /^\/(?![/\\])/.test(to) ? to : '/', replace: true });
    }
  }, [status, to, navigate]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await signIn(email.trim(), password, tenant?.trim() || undefined);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={submit}>
        <div className={css.head}>
          <Mark size={44} />
          <h1>Sign in to AgentFlow</h1>
        </div>
        {ended && !error && <p className={css.ended}>{ended}</p>}
        {error !== undefined && <ProblemNotice error={error} />}
        <label className={css.field}>
          E-mail
          <Input
            type="email"
            name="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={({ target }) => setEmail(target.value)}
          />
        </label>
        <label className={css.field}>
          Password
          <Input
            type="password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
        </label>
        {tenant !== undefined && (
          <label className={css.field}>
            Tenant
            <Input
              name="tenant"
              value={tenant}
              onChange={({ target }) => setTenant(target.value)}
            />
          </label>
        )}
        <Button type="submit" kind="primary" className={css.submit} disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </Button>
        {tenant === undefined && (
          <button type="button" className={css.more} onClick={() => setTenant('')}>
            Choose a tenant
          </button>
        )}
      </form>
    </main>
  );
}
