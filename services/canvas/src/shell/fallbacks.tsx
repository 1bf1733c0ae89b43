import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Empty, ProblemPage, Skeleton } from '@/ui/basics';
import css from './shell.module.css';

export const NotFound = () => (
  <Empty
    icon={Compass}
    title="There is no such page"
    action={
      <Link to="/" className={css.link}>
        Go to the overview
      </Link>
    }
  >
    The address may be misspelt, or what was here is gone.
  </Empty>
);

export const RouteProblem = ({ error, reset }: { error: unknown; reset: () => void }) => (
  <ProblemPage error={error} onRetry={reset} />
);

export const RouteWaiting = () => (
  <div className={css.waiting} aria-busy="true">
    <Skeleton width={220} height={22} />
    <Skeleton width="60%" />
    <Skeleton width="45%" />
  </div>
);
