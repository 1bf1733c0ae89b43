import { useQuery } from '@tanstack/react-query';
import { Bot, Unplug, Wifi } from 'lucide-react';
import { useState } from 'react';
import { agentsQuery } from '@/api/queries';
import type { Agent } from '@/api/types';
import { idOf } from '@/lib/format';
import { Empty, ProblemPage } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { PageBody, PageHead } from '@/ui/page';
import { SidePanel, Split } from '@/ui/side-panel';
import { Ago } from '@/ui/time';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import css from './agents.module.css';

export default function AgentsPage() {
  const { data, error, isPending, refetch } = useQuery(agentsQuery());
  const [open, setOpen] = useState<string>();
  const agent = data?.find((one) => one.name === open);
  return (
    <>
      <PageHead title="Agents" />
      <PageBody>
        {error && !data ? (
          <ProblemPage error={error} onRetry={refetch} />
        ) : (
          <Split panel={agent && <AgentPanel agent={agent} onClose={() => setOpen(undefined)} />}>
            <VirtualTable
              label="Agents"
              columns={columns}
              rows={data ?? []}
              rowHeight={52}
              rowKey={(row) => row.name ?? ''}
              loading={isPending}
              onOpen={(row) => setOpen(row.name)}
              empty={
                <Empty icon={Bot} title="No agents yet">
                  An agent registers itself when a worker that names it connects.
                </Empty>
              }
            />
          </Split>
        )}
      </PageBody>
    </>
  );
}

const slots = (agent: Agent) => {
  const endpoints = agent.endpoints ?? [];
  return {
    held: endpoints.reduce((sum, one) => sum + (one.held ?? 0), 0),
    capacity: endpoints.reduce((sum, one) => sum + (one.capacity ?? 0), 0),
  };
};

const columns: Column<Agent>[] = [
  {
    id: 'name',
    title: 'Agent',
    width: 'minmax(160px, 1.2fr)',
    narrowWidth: 'minmax(0, 1fr)',
    cell: (agent) => (
      <div className={css.name}>
        <strong className="truncate">{agent.title || idOf(agent.name)}</strong>
        <small className="mono truncate">{idOf(agent.name)}</small>
      </div>
    ),
  },
  {
    id: 'description',
    title: 'Description',
    width: 'minmax(0, 2fr)',
    narrowWidth: null,
    cell: (agent) => <span className="dim">{agent.description}</span>,
  },
  {
    id: 'online',
    title: 'Endpoints',
    width: '110px',
    cell: (agent) => {
      const online = agent.endpoints?.length ?? 0;
      return (
        <span className={css.online} data-online={online > 0 ? '' : undefined}>
          {online > 0 ? <Wifi size={14} aria-hidden /> : <Unplug size={14} aria-hidden />}
          {online > 0 ? `${online} online` : 'Offline'}
        </span>
      );
    },
  },
  {
    id: 'slots',
    title: 'Tasks held',
    width: '180px',
    narrowWidth: null,
    cell: (agent) => {
      const { held, capacity } = slots(agent);
      if (capacity === 0) return <span className="dim">–</span>;
      return (
        <div className={css.slots}>
          <div className={css.meter}>
            <span style={{ width: `${(100 * held) / capacity}%` }} />
          </div>
          <span className="num dim">
            {held} of {capacity}
          </span>
        </div>
      );
    },
  },
  {
    id: 'updated',
    title: 'Changed',
    width: '100px',
    narrowWidth: null,
    align: 'end',
    cell: (agent) => (
      <span className="dim">
        <Ago time={agent.updateTime} />
      </span>
    ),
  },
];

function AgentPanel({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const endpoints = agent.endpoints ?? [];
  return (
    <SidePanel
      title={agent.title || idOf(agent.name)}
      subtitle={<span className="mono">{idOf(agent.name)}</span>}
      label="Agent"
      onClose={onClose}
    >
      {agent.description && <p>{agent.description}</p>}
      <Facts
        rows={[
          ['Version', agent.latestVersion],
          ['Created', <Ago key="created" time={agent.createTime} />],
        ]}
      />
      <section className={css.list}>
        <h2>Endpoints</h2>
        {endpoints.length === 0 && (
          <p className="dim">No worker serves this agent now. Its tasks wait.</p>
        )}
        {endpoints.map((endpoint) => (
          <div key={endpoint.id} className={css.endpoint}>
            <h3 className="mono">{endpoint.id}</h3>
            <Facts
              rows={[
                ['Tasks', `${endpoint.held ?? 0} of ${endpoint.capacity ?? 0}`],
                ['Connected', <Ago key="connected" time={endpoint.connectTime} />],
                ['Heartbeat', <Ago key="beat" time={endpoint.lastHeartbeatTime} />],
                ['Client', endpoint.client],
              ]}
            />
          </div>
        ))}
      </section>
      {agent.inputSchema && <JsonView title="Input schema" value={agent.inputSchema} />}
      {agent.outputSchema && <JsonView title="Output schema" value={agent.outputSchema} />}
    </SidePanel>
  );
}
