import './styles/tokens.css';
import './styles/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries';
import { router } from './router';
import { resume, useSession } from './session/session';
import { ProblemPage } from './ui/basics';
import { Toasts } from './ui/toast';

/** The application once it is known whether somebody is signed in. */
function App() {
  const status = useSession((state) => state.status);
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  // Another attempt is what `attempt` is for.
  useEffect(() => {
    setError(undefined);
    resume().catch(setError);
  }, [attempt]);

  useEffect(
    () =>
      useSession.subscribe((now, before) => {
        if (now.status !== 'signedOut' || before.status !== 'signedIn') return;
        queryClient.clear();
        const { pathname, href } = router.state.location;
        if (pathname !== '/login') {
          void router.navigate({ to: '/login', search: { to: now.ended ? href : undefined } });
        }
      }),
    [],
  );

  if (error && status === 'unknown') {
    return <ProblemPage error={error} onRetry={() => setAttempt(attempt + 1)} />;
  }
  if (status === 'unknown') return null;
  return <RouterProvider router={router} />;
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
);
