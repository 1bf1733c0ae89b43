import type { Step } from '@/api/types';
import { timeMs } from '@/lib/format';
import { byIteration } from '@/run/use-run';

/** One line of the timeline. Times are milliseconds. */
export interface Lane {
  key: string;
  node: string;
  iteration: string;
  depth: number;
  step: Step;
  startMs: number | undefined;
  endMs: number | undefined;
  /** When attempts failed. */
  misses: number[];
}

export function lanesOf(steps: Iterable<Step>): Lane[] {
  const lanes = [...steps].map((step): Lane => {
    const node = step.node ?? '';
    return {
      key: `${node}#${step.iteration ?? ''}`,
      node,
      iteration: step.iteration ?? '',
      depth: node.split('.').length - 1,
      step,
      startMs: timeMs(step.startTime),
      endMs: timeMs(step.endTime),
      misses: (step.failures ?? []).flatMap((failure) => timeMs(failure.time) ?? []),
    };
  });
  const later = Number.POSITIVE_INFINITY;
  return lanes.sort(
    (a, b) =>
      (a.startMs ?? a.endMs ?? later) - (b.startMs ?? b.endMs ?? later) ||
      a.depth - b.depth ||
      byIteration(a.iteration, b.iteration) ||
      a.node.localeCompare(b.node),
  );
}

/** Round marks for a span of time: at most `most` of them. */
export function ticks(spanMs: number, most = 8): number[] {
  const steps = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000,
    300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  ];
  const step =
    steps.find((one) => spanMs / one <= most) ?? 86_400_000 * Math.ceil(spanMs / most / 86_400_000);
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, index) => index * step);
}
