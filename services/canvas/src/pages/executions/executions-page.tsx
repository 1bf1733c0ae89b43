import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { workflowsQuery } from '@/api/queries';
import type { ExecutionState } from '@/api/types';
import { executionLook, executionStates } from '@/run/states';
import { Button, SearchBox, Select } from '@/ui/basics';
import { PageBody, PageHead } from '@/ui/page';
import css from './executions.module.css';
import { ExecutionsTable } from './executions-table';

const hours = { '1h': 1, '24h': 24, '7d': 168 };
const sinceLabels = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days' };
type Since = keyof typeof hours;

export default function ExecutionsPage() {
  const search = useSearch({ from: '/app/executions' });
  const navigate = useNavigate({ from: '/executions' });
  const { data } = useInfiniteQuery(workflowsQuery({}));
  const workflows = (data?.pages ?? []).flatMap((page) => page.items);
  // Fixed when chosen, so that the list does not change its query as time goes by.
  const since = useMemo(
    () => search.since && new Date(Date.now() - hours[search.since] * 3_600_000).toISOString(),
    [search.since],
  );
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const filtered = search.state || search.workflow || search.since || search.key;
  return (
    <>
      <PageHead
        title="Executions"
        actions={
          <div className={css.filters}>
            <KeySearch
              key={search.key ?? ''}
              value={search.key ?? ''}
              onChange={(key) => change({ key: key || undefined })}
            />
            <Select
              aria-label="State"
              value={search.state ?? ''}
              onChange={({ target }) =>
                change({ state: (target.value || undefined) as ExecutionState | undefined })
              }
            >
              <option value="">Every state</option>
              {executionStates.map((state) => (
                <option key={state} value={state}>
                  {executionLook(state).label}
                </option>
              ))}
            </Select>
            <Select
              aria-label="Workflow"
              value={search.workflow ?? ''}
              onChange={({ target }) => change({ workflow: target.value || undefined })}
            >
              <option value="">Every workflow</option>
              {search.workflow && !workflows.some((one) => one.name === search.workflow) && (
                <option value={search.workflow}>{search.workflow}</option>
              )}
              {workflows.map((workflow) => (
                <option key={workflow.name} value={workflow.name}>
                  {workflow.title || workflow.name}
                </option>
              ))}
            </Select>
            <Select
              aria-label="Started"
              value={search.since ?? ''}
              onChange={({ target }) =>
                change({ since: (target.value || undefined) as Since | undefined })
              }
            >
              <option value="">Any time</option>
              {Object.entries(sinceLabels).map(([id, label]) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </Select>
            {filtered && (
              <Button
                kind="quiet"
                icon={X}
                aria-label="Clear the filters"
                onClick={() => void navigate({ search: {}, replace: true })}
              />
            )}
          </div>
        }
      />
      <PageBody>
        <ExecutionsTable
          state={search.state}
          workflow={search.workflow}
          since={since}
          businessKey={search.key}
        />
      </PageBody>
    </>
  );
}

/** The whole key is looked for, so only once it has been entered. */
function KeySearch({ value, onChange }: { value: string; onChange: (key: string) => void }) {
  const [text, setText] = useState(value);
  const search = () => text.trim() !== value && onChange(text.trim());
  return (
    <SearchBox
      aria-label="Business key"
      placeholder="Business key"
      value={text}
      onChange={({ target }) => setText(target.value)}
      onKeyDown={({ key }) => key === 'Enter' && search()}
      onBlur={search}
    />
  );
}
