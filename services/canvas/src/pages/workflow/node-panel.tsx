import type { GraphNode } from '@/graph/document';
import { categoryOf } from '@/graph/node-icons';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { SidePanel } from '@/ui/side-panel';

/** How a node is configured. */
export function NodePanel({ node, onClose }: { node: GraphNode; onClose: () => void }) {
  const join = node.source['join'];
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
