import type { InfiniteData } from '@tanstack/react-query';
import type { Page } from '@/api/operations';
import type { Execution } from '@/api/types';
import { isOver } from '@/run/states';
import type { ExecutionFilter } from './executions-table';

/**
 * A list with changes of executions applied: known ones change in place or leave when the filter
 * no longer holds, new ones come first.
 */
export function applyChanges(
  list: InfiniteData<Page<Execution>>,
  changes: ReadonlyMap<string, Execution>,
  filter: ExecutionFilter,
): InfiniteData<Page<Execution>> {
  const fresh = new Map(changes);
  const pages = list.pages.map((page) => ({
    ...page,
    items: page.items.flatMap((item) => {
      const change = changes.get(item.name ?? '');
      if (!change) return [item];
      fresh.delete(item.name ?? '');
      const next = isOver(item.state) && !isOver(change.state) ? item : { ...item, ...change };
      return matches(next, filter) ? [next] : [];
    }),
  }));
  const added = [...fresh.values()]
    .filter((execution) => matches(execution, filter))
    .sort((a, b) => (b.startTime ?? '').localeCompare(a.startTime ?? ''));
  const [first, ...rest] = pages;
  if (!first) return list;
  return { ...list, pages: [{ ...first, items: [...added, ...first.items] }, ...rest] };
}

function matches(execution: Execution, filter: ExecutionFilter): boolean {
  const { state, workflow, since, businessKey } = filter;
  if (businessKey && execution.businessKey !== businessKey) return false;
  if (state && execution.state !== state) return false;
  if (workflow && execution.workflow !== workflow) return false;
  return !since || (execution.startTime ?? '') > since;
}
