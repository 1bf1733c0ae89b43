import { useMutation, useQuery } from '@tanstack/react-query';
import { ArrowRight } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { createMigration } from '@/api/operations';
import { migrationQuery, migrationsKey, queryClient, versionQuery } from '@/api/queries';
import type { Migration } from '@/api/types';
import { type Graph, readGraph } from '@/graph/document';
import { idOf, toInt } from '@/lib/format';
import { randomId } from '@/lib/random';
import { Button, ProblemNotice, Select, Skeleton } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import { MigrationReport } from './migration-report';
import css from './workflow.module.css';

interface MigrateProps {
  name: string;
  versions: number[];
  onClose: () => void;
}

/** Paths of nodes, without the entries of containers. */
const pathsOf = (graph: Graph) =>
  graph.nodes.filter((node) => node.kind !== 'start').map((node) => node.id);

/** Nodes of the old version that the new one does not have under the same path. */
export const movedNodes = (from: Graph, to: Graph): string[] => {
  const there = new Set(pathsOf(to));
  return pathsOf(from).filter((path) => !there.has(path));
};

/** Where a node has probably gone: the same key elsewhere, else the only new one of its type. */
export function proposalFor(path: string, from: Graph, to: Graph): string {
  const node = from.nodes.find((one) => one.id === path);
  const there = new Set(pathsOf(from));
  const fresh = to.nodes.filter((one) => one.kind !== 'start' && !there.has(one.id));
  const sameKey = fresh.find((one) => one.key === node?.key && one.type === node?.type);
  const sameType = fresh.filter((one) => one.type === node?.type);
  return sameKey?.id ?? (sameType.length === 1 ? sameType[0]!.id : '');
}

const useGraph = (name: string, version: number) => {
  const query = useQuery(versionQuery(name, version));
  return { ...query, graph: useMemo(() => readGraph(query.data?.document), [query.data]) };
};

/** Looks at every live execution first; moving them is a second step. */
export function MigrateDialog({ name, versions, onClose }: MigrateProps) {
  const [from, setFrom] = useState(versions[1] ?? 0);
  const [to, setTo] = useState(versions[0] ?? 0);
  const old = useGraph(name, from);
  const next = useGraph(name, to);
  const moved = useMemo(() => movedNodes(old.graph, next.graph), [old.graph, next.graph]);
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const targetOf = (path: string) =>
    chosen[path] ?? proposalFor(path, old.graph, next.graph);
  const mapping = Object.fromEntries(
    moved.map((path) => [path, targetOf(path)]).filter(([, target]) => target),
  ) as Record<string, string>;
  const [preview, setPreview] = useState<Migration>();
  const [applied, setApplied] = useState<Migration>();
  const migrate = useMutation({
    mutationFn: (validateOnly: boolean) =>
      createMigration(name, {
        fromVersion: from,
        toVersion: to,
        mapping,
        validateOnly,
        requestId: randomId(),
      }),
    onSuccess: (made) => (made.validateOnly ? setPreview(made) : setApplied(made)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: migrationsKey(name) }),
  });
  const current = useQuery({
    ...migrationQuery((applied ?? preview)?.name ?? ''),
    initialData: applied ?? preview,
  });
  const report = (applied ?? preview) && (current.data ?? applied ?? preview);
  const busy = migrate.isPending || (report !== undefined && report.state !== 'DONE');
  const movable = toInt(report?.migratedCount);
  // Another question needs another preview.
  const ask = (change: () => void) => {
    change();
    setPreview(undefined);
    migrate.reset();
  };
  const loading = old.isPending || next.isPending;
  return (
    <Dialog
      title={`Migrate executions of ${idOf(name)}`}
      onClose={onClose}
      size="wide"
      foot={
        <>
          <span className={css.grow}>
            {!preview && !applied && 'The preview changes nothing.'}
          </span>
          <Button onClick={onClose}>Close</Button>
          {!applied && (
            <Button
              kind={preview ? 'plain' : 'primary'}
              disabled={busy || loading || from === to}
              onClick={() => migrate.mutate(true)}
            >
              {preview ? 'Preview again' : 'Preview'}
            </Button>
          )}
          {preview && !applied && (
            <Button
              kind="primary"
              disabled={busy || movable === 0}
              onClick={() => migrate.mutate(false)}
            >
              Move {movable} {movable === 1 ? 'execution' : 'executions'}
            </Button>
          )}
        </>
      }
    >
      <div className={css.migrate}>
        <p>
          Executions under way go on in the other version, with what they have done. Those that
          cannot be moved stay where they are.
        </p>
        <div className={css.fromTo}>
          <VersionSelect
            label="From version"
            versions={versions}
            value={from}
            disabled={applied !== undefined}
            onChange={(version) => ask(() => setFrom(version))}
          />
          <ArrowRight size={16} aria-hidden />
          <VersionSelect
            label="To version"
            versions={versions}
            value={to}
            disabled={applied !== undefined}
            onChange={(version) => ask(() => setTo(version))}
          />
        </div>
        {from === to ? (
          <p className="dim">Choose two different versions.</p>
        ) : loading ? (
          <Skeleton width="60%" />
        ) : (
          moved.length > 0 && (
            <fieldset className={css.mapping} disabled={applied !== undefined}>
              <legend>Nodes that version {to} does not have</legend>
              {moved.map((path) => (
                <MappingRow
                  key={path}
                  path={path}
                  target={targetOf(path)}
                  targets={pathsOf(next.graph)}
                  onChange={(target) =>
                    ask(() => setChosen((before) => ({ ...before, [path]: target })))
                  }
                />
              ))}
            </fieldset>
          )
        )}
        {report && <MigrationReport migration={report} />}
        {(migrate.error ?? current.error) && (
          <ProblemNotice error={migrate.error ?? current.error} />
        )}
      </div>
    </Dialog>
  );
}

function VersionSelect(props: {
  label: string;
  versions: number[];
  value: number;
  disabled: boolean;
  onChange: (version: number) => void;
}): ReactNode {
  return (
    <label className={css.field}>
      {props.label}
      <Select
        value={props.value}
        disabled={props.disabled}
        onChange={({ target }) => props.onChange(Number(target.value))}
      >
        {props.versions.map((version, index) => (
          <option key={version} value={version}>
            {version}
            {index === 0 ? ' (newest)' : ''}
          </option>
        ))}
      </Select>
    </label>
  );
}

function MappingRow(props: {
  path: string;
  target: string;
  targets: string[];
  onChange: (target: string) => void;
}) {
  return (
    <div className={css.mappingRow}>
      <span className="mono truncate" title={props.path}>
        {props.path}
      </span>
      <ArrowRight size={14} aria-hidden />
      <Select
        aria-label={`What becomes of ${props.path}`}
        value={props.target}
        onChange={({ target }) => props.onChange(target.value)}
      >
        <option value="">It is gone</option>
        {props.targets.map((path) => (
          <option key={path} value={path}>
            {path}
          </option>
        ))}
      </Select>
    </div>
  );
}
