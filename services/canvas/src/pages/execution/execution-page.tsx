import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { ChartGantt, Flag, ScrollText, Workflow as WorkflowIcon } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { versionQuery } from '@/api/queries';
import type { Execution, JsonObject } from '@/api/types';
import { asObject, readGraph } from '@/graph/document';
import { GraphView } from '@/graph/graph-view';
import { idOf, shortId, timeMs } from '@/lib/format';
import { executionLook } from '@/run/states';
import { type Run, useRun } from '@/run/use-run';
import { RouteWaiting } from '@/shell/fallbacks';
import { useShortcuts } from '@/shell/shortcuts';
import { Empty, ProblemPage } from '@/ui/basics';
import { PageBody, PageHead } from '@/ui/page';
import { Split } from '@/ui/side-panel';
import { ExecutionBadge } from '@/ui/state-badge';
import { Tabs } from '@/ui/tabs';
import { Duration } from '@/ui/time';
import { DocumentProblems } from '../workflow/document-problems';
import { ExecutionActions } from './actions';
import { Checkpoints } from './checkpoints';
import { EvaluatePanel, type Evaluation } from './evaluate-panel';
import css from './execution.module.css';
import { Journal } from './journal';
import { RunPanel } from './run-panel';
import { StepPanel } from './step-panel';
import { StepProgress } from './step-progress';
import { executionTabs } from './tabs';
import { Timeline } from './timeline';

export default function ExecutionPage() {
  const { executionId } = useParams({ from: '/app/executions/$executionId' });
  const name = `executions/${executionId}`;
  const run = useRun(name);
  if (!run.execution) {
    return run.error ? <ProblemPage error={run.error} onRetry={run.refetch} /> : <RouteWaiting />;
  }
  return <Opened key={name} run={run} name={name} execution={run.execution} />;
}

function Opened({ run, name, execution }: { run: Run; name: string; execution: Execution }) {
  const search = useSearch({ from: '/app/executions/$executionId' });
  const navigate = useNavigate({ from: '/executions/$executionId' });
  const tab = search.tab ?? 'graph';
  const workflow = execution.workflow ?? '';
  const version = useQuery(versionQuery(workflow, execution.version ?? 0));
  const graph = useMemo(() => readGraph(version.data?.document), [version.data]);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const select = useCallback(
    (node: string | undefined, iteration?: string) =>
      void navigate({ search: (old) => ({ ...old, node, iteration }), replace: true }),
    [navigate],
  );
  useShortcuts(
    useMemo(
      () =>
        Object.fromEntries(
          executionTabs.map((id, index) => [
            String(index + 1),
            () => void navigate({ search: (old) => ({ ...old, tab: id }), replace: true }),
          ]),
        ),
      [navigate],
    ),
  );
  const [evaluation, setEvaluation] = useState<Evaluation>({ text: '', ran: '' });
  const evaluate = (step?: string) => (
    <EvaluatePanel
      place={{ execution: name, step }}
      evaluation={evaluation}
      onEvaluation={setEvaluation}
    />
  );
  const title = graph.nodes.find((node) => node.id === search.node)?.title;
  return (
    <>
      <PageHead
        title={titleOf(version.data?.document) || idOf(workflow) || shortId(name)}
        crumbs={
          <>
            <Link to="/executions">Executions</Link>/
            <span className="mono" title={idOf(name)}>
              {shortId(name)}
            </span>
          </>
        }
        actions={
          <>
            <Link
              to="/workflows/$workflowId"
              params={{ workflowId: idOf(workflow) }}
              className={css.link}
            >
              Open workflow
            </Link>
            <ExecutionActions name={name} execution={execution} run={run} />
          </>
        }
      >
        <ExecutionBadge state={execution.state} />
        <span className={css.duration} data-duration="">
          <Duration startMs={timeMs(execution.startTime)} endMs={timeMs(execution.endTime)} />
        </span>
      </PageHead>
      <Announcer execution={execution} />
      <div className={css.tabs}>
        <Tabs
          label="Execution"
          idPrefix="execution"
          items={[
            { id: 'graph', label: 'Graph', icon: WorkflowIcon },
            { id: 'timeline', label: 'Timeline', icon: ChartGantt },
            { id: 'journal', label: 'Journal', icon: ScrollText },
            { id: 'checkpoints', label: 'Checkpoints', icon: Flag },
          ]}
          selected={tab}
          onSelect={(next) => change({ tab: next })}
        />
        <StepProgress store={run.store} graph={graph} />
      </div>
      <PageBody tabs={{ idPrefix: 'execution', selected: tab }}>
        <Split
          panel={
            search.node ? (
              <StepPanel
                key={search.node}
                name={name}
                run={run}
                node={search.node}
                title={title ?? search.node}
                iteration={search.iteration}
                onIteration={(iteration) => change({ iteration })}
                onClose={() => select(undefined)}
                foot={evaluate}
              />
            ) : (
              <RunPanel
                name={name}
                run={run}
                execution={execution}
                document={version.data?.document}
                onNode={select}
                foot={evaluate()}
              />
            )
          }
        >
          {tab === 'graph' &&
            (version.error ? (
              <ProblemPage error={version.error} onRetry={version.refetch} />
            ) : version.data ? (
              <>
                <GraphView graph={graph} run={run.store} selected={search.node} onSelect={select} />
                <DocumentProblems problems={graph.problems} />
              </>
            ) : (
              <Empty icon={WorkflowIcon} title="Loading the graph…" />
            ))}
          {tab === 'timeline' && (
            <Timeline
              store={run.store}
              graph={graph}
              selected={search.node}
              iteration={search.iteration}
              onSelect={select}
            />
          )}
          {tab === 'journal' && <Journal name={name} run={run} onNode={select} />}
          {tab === 'checkpoints' && (
            <Checkpoints name={name} run={run} execution={execution} onNode={select} />
          )}
        </Split>
      </PageBody>
    </>
  );
}

/** The workflow's title at the time. */
function titleOf(document: JsonObject | undefined): string {
  const title = asObject(document?.['metadata'])['title'];
  return typeof title === 'string' ? title : '';
}

/** Tells screen readers how the execution goes on, and the tab's title, too. */
function Announcer({ execution }: { execution: Execution }) {
  const { label } = executionLook(execution.state);
  const title = idOf(execution.workflow);
  useEffect(() => {
    document.title = `${label} · ${title} · AgentFlow`;
  }, [label, title]);
  return (
    <p className="sr-only" role="status">
      Execution {label.toLowerCase()}
    </p>
  );
}
