import { Link } from '@tanstack/react-router';
import { asObject, type GraphNode } from '@/graph/document';
import { categoryOf } from '@/graph/node-icons';
import { idOf } from '@/lib/format';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { SidePanel } from '@/ui/side-panel';
import css from './workflow.module.css';

/** The workflow that a node runs: a pattern of one's own, or one that is named in the document. */
export function runsWorkflow({ type, config }: Pick<GraphNode, 'type' | 'config'>) {
  const custom = /^custom\.([a-z0-9_]+)@(\d+)$/.exec(type);
  if (custom) return { workflowId: custom[1]!.replaceAll('_', '-'), version: custom[2]! };
  if (!type.startsWith('flow.workflow@')) return undefined;
  const { workflow, version } = asObject(config);
  if (typeof workflow !== 'string' || workflow.startsWith('=')) return undefined;
  return {
    workflowId: idOf(workflow),
    version: typeof version === 'number' ? String(version) : undefined,
  };
}

/** How a node is configured. */
export function NodePanel({ node, onClose }: { node: GraphNode; onClose: () => void }) {
  const join = node.source['join'];
  const runs = runsWorkflow(node);
  return (
    <SidePanel
      title={node.title}
      subtitle={<span className="mono">{node.id}</span>}
      label="Node"
      onClose={onClose}
    >
      <Facts
        rows={[
          [
            'Type',
            <span key="type" className="mono">
              {node.type}
            </span>,
          ],
          ['Group', categoryOf(node.type)],
          [
            'Runs',
            runs && (
              <Link
                key="runs"
                className={css.runs}
                to="/workflows/$workflowId"
                params={{ workflowId: runs.workflowId }}
                search={{ version: runs.version }}
              >
                {runs.workflowId}
                {runs.version && `, version ${runs.version}`}
              </Link>
            ),
          ],
          [
            'Join',
            join === undefined ? undefined : typeof join === 'string' ? join : JSON.stringify(join),
          ],
        ]}
      />
      <JsonView title="Configuration" value={node.config ?? undefined} />
      {node.policy !== null && <JsonView title="Policy" value={node.policy} />}
    </SidePanel>
  );
}
