import {
  Bot,
  Box,
  Braces,
  Database,
  GitFork,
  Globe,
  Hourglass,
  Layers,
  ListOrdered,
  Lock,
  type LucideIcon,
  Mail,
  MessageSquare,
  OctagonX,
  Radio,
  RotateCw,
  ShieldCheck,
  Split,
  Timer,
  UserCheck,
  Users,
  Vote,
  Workflow,
  Zap,
} from 'lucide-react';

/** By the type without its version, then by its group. */
const icons: Record<string, LucideIcon> = {
  'ai.agent': Bot,
  'ai.vote': Vote,
  'ai.debate': MessageSquare,
  'ai.team': Users,
  'flow.if': Split,
  'flow.switch': GitFork,
  'flow.map': Layers,
  'flow.loop': RotateCw,
  'flow.fail': OctagonX,
  'flow.wait': Timer,
  'flow.approval': UserCheck,
  'flow.signal': Radio,
  'flow.await': Hourglass,
  'flow.pipeline': ListOrdered,
  'flow.critical': Lock,
  'flow.transaction': ShieldCheck,
  'flow.workflow': Workflow,
  'action.http': Globe,
  'action.sql': Database,
  'action.mail': Mail,
  ai: Bot,
  custom: Workflow,
  flow: GitFork,
  data: Braces,
  action: Zap,
  trigger: Radio,
};

export function iconOf(type: string): LucideIcon {
  const name = type.split('@')[0] ?? '';
  return icons[name] ?? icons[name.split('.')[0] ?? ''] ?? Box;
}

/** The type's group, in words. */
export function categoryOf(type: string): string {
  const group = type.split('.')[0] ?? '';
  const known: Record<string, string> = {
    ai: 'AI',
    flow: 'Flow',
    data: 'Data',
    action: 'Action',
    trigger: 'Trigger',
    custom: 'Custom',
  };
  return known[group] ?? 'Node';
}
