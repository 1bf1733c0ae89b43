import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Activity, Layers, Play, Route, Workflow as WorkflowIcon } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import { versionQuery, versionsQuery, workflowQuery } from '@/api/queries';
import type { Workflow } from '@/api/types';
import { asObject, readGraph } from '@/graph/document';
import { GraphView } from '@/graph/graph-view';
import { useCan } from '@/session/session';
import { type PageCommand, usePageCommands } from '@/shell/commands';
import { RouteWaiting } from '@/shell/fallbacks';
import { useShortcuts } from '@/shell/shortcuts';
import { Button, Chip, Empty, ProblemPage, Select } from '@/ui/basics';
import { PageBody, PageHead } from '@/ui/page';
import { Split } from '@/ui/side-panel';
import { Tabs } from '@/ui/tabs';
import { ExecutionsTable } from '../executions/executions-table';
import { DocumentProblems } from './document-problems';
import { MigrateDialog } from './migrate-dialog';
import { Migrations } from './migrations';
import { NodePanel } from './node-panel';
import { StartDialog } from './start-dialog';
import { StartManyDialog } from './start-many';
import css from './workflow.module.css';

export default function WorkflowPage() {
  const { workflowId } = useParams({ from: '/app/workflows/$workflowId' });
  const name = `workflows/${workflowId}`;
  const { data, error, refetch, isPending } = useQuery(workflowQuery(name));
  if (isPending) return <RouteWaiting />;
  if (!data) return <ProblemPage error={error} onRetry={refetch} />;
  return <Opened key={name} workflow={data} name={name} />;
}

function Opened({ workflow, name }: { workflow: Workflow; name: string }) {
  const search = useSearch({ from: '/app/workflows/$workflowId' });
  const navigate = useNavigate({ from: '/workflows/$workflowId' });
  const newest = workflow.latestVersion ?? 0;
  const shown = search.version ?? (newest > 0 ? String(newest) : 'draft');
  const isDraft = shown === 'draft';
  const version = useQuery(versionQuery(name, isDraft ? 0 : Number(shown)));
  const document = isDraft ? workflow.document : version.data?.document;
  const graph = useMemo(() => readGraph(document), [document]);
  const node = graph.nodes.find((one) => one.id === search.node);
  const tab = search.tab ?? 'graph';
  const canStart = useCan('executions.start');
  const start = useCallback(
    () => void navigate({ search: (old) => ({ ...old, start: true }) }),
    [navigate],
  );
  const startable = canStart && newest > 0;
  const versions = useQuery({ ...versionsQuery(name), enabled: newest > 0 });
  const numbers = useMemo(
    () => (versions.data ?? []).map((one) => one.version ?? 0).sort((a, b) => b - a),
    [versions.data],
  );
  const mayMigrate = useCan('executions.migrate');
  const migratable = mayMigrate && numbers.length > 1;
  const [open, setOpen] = useState<'many' | 'migrate'>();
  usePageCommands(
    useMemo(
      () =>
        [
          startable && { id: 'start', label: 'Start this workflow', icon: Play, run: start },
          startable && {
            id: 'many',
            label: 'Start this workflow many times',
            icon: Layers,
            run: () => setOpen('many'),
          },
          migratable && {
            id: 'migrate',
            label: 'Migrate its executions to another version',
            icon: Route,
            run: () => setOpen('migrate'),
          },
        ].filter((one): one is PageCommand => one !== false),
      [startable, migratable, start],
    ),
  );
  useShortcuts(useMemo(() => ({ s: () => startable && start() }), [startable, start]));

  return (
    <>
      <PageHead
        title={workflow.title || name.slice('workflows/'.length)}
        crumbs={
          <>
            <Link to="/workflows">Workflows</Link>/
            <span className="mono">{name.slice('workflows/'.length)}</span>
          </>
        }
        actions={
          <>
            {tab === 'migrations' ? (
              <Button
                disabled={!migratable}
                title={
                  mayMigrate
                    ? migratable
                      ? undefined
                      : 'It needs two published versions'
                    : 'You lack the permission executions.migrate'
                }
                onClick={() => setOpen('migrate')}
              >
                <Route size={14} aria-hidden /> Migrate…
              </Button>
            ) : (
              <Versions name={name} newest={newest} shown={shown} />
            )}
            <Button
              icon={Layers}
              aria-label="Start many"
              disabled={!startable}
              onClick={() => setOpen('many')}
            />
            <Button
              kind="primary"
              disabled={!startable}
              title={
                canStart
                  ? newest > 0
                    ? undefined
                    : 'Publish it first'
                  : 'You may not start executions'
              }
              onClick={start}
            >
              <Play size={14} aria-hidden /> Start
            </Button>
          </>
        }
      >
        {asObject(asObject(document)['metadata'])['pattern'] === true && (
          <Chip title="Published versions are node types that other workflows use">
            custom.{name.slice('workflows/'.length).replaceAll('-', '_')}
          </Chip>
        )}
        {workflow.draftChanged && (
          <Chip title="The draft differs from the newest version">draft changed</Chip>
        )}
      </PageHead>
      <div className={css.tabs}>
        <Tabs
          label="Workflow"
          idPrefix="workflow"
          items={[
            { id: 'graph', label: 'Graph', icon: WorkflowIcon },
            { id: 'executions', label: 'Executions', icon: Activity },
            { id: 'migrations', label: 'Migrations', icon: Route },
          ]}
          selected={tab}
          onSelect={(next) =>
            void navigate({ search: (old) => ({ ...old, tab: next }), replace: true })
          }
        />
      </div>
      <PageBody tabs={{ idPrefix: 'workflow', selected: tab }}>
        {tab === 'executions' ? (
          <ExecutionsTable workflow={name} />
        ) : tab === 'migrations' ? (
          <Migrations name={name} />
        ) : version.error && !isDraft ? (
          <ProblemPage error={version.error} onRetry={version.refetch} />
        ) : (
          <Split
            panel={
              node && (
                <NodePanel
                  node={node}
                  onClose={() =>
                    void navigate({ search: (old) => ({ ...old, node: undefined }), replace: true })
                  }
                />
              )
            }
          >
            {document && graph.nodes.length <= 1 ? (
              <Empty icon={WorkflowIcon} title="No nodes yet">
                This document has no nodes to draw.
              </Empty>
            ) : (
              document && (
                <GraphView
                  graph={graph}
                  selected={node?.id}
                  onSelect={(id) =>
                    void navigate({ search: (old) => ({ ...old, node: id }), replace: true })
                  }
                />
              )
            )}
            <DocumentProblems problems={graph.problems} />
          </Split>
        )}
      </PageBody>
      {open === 'many' && (
        <StartManyDialog
          name={name}
          title={workflow.title || name}
          version={newest}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === 'migrate' && (
        <MigrateDialog name={name} versions={numbers} onClose={() => setOpen(undefined)} />
      )}
      {search.start && startable && (
        <StartDialog
          name={name}
          title={workflow.title || name}
          version={newest}
          onClose={() =>
            void navigate({ search: (old) => ({ ...old, start: undefined }), replace: true })
          }
        />
      )}
    </>
  );
}

function Versions({ name, newest, shown }: { name: string; newest: number; shown: string }) {
  const navigate = useNavigate({ from: '/workflows/$workflowId' });
  const { data } = useQuery({ ...versionsQuery(name), enabled: newest > 0 });
  const numbers = data?.map((one) => one.version ?? 0) ?? (newest > 0 ? [newest] : []);
  return (
    <Select
      className={css.versions}
      aria-label="Version shown"
      value={shown}
      onChange={({ target }) =>
        void navigate({
          search: (old) => ({
            ...old,
            node: undefined,
            version: target.value === String(newest) ? undefined : target.value,
          }),
        })
      }
    >
      {numbers.map((number) => (
        <option key={number} value={String(number)}>
          Version {number}
          {number === newest ? ' (newest)' : ''}
        </option>
      ))}
      <option value="draft">Draft</option>
    </Select>
  );
}
