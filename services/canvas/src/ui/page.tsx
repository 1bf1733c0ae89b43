import { type ReactNode, useEffect } from 'react';
import css from './page.module.css';

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · AgentFlow` : 'AgentFlow';
  }, [title]);
}

interface PageHeadProps {
  /** For the window's title; also shown unless `children` says more. */
  title: string;
  crumbs?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, crumbs, children, actions }: PageHeadProps) {
  useTitle(title);
  return (
    <header className={css.head}>
      <div className={css.titles}>
        {crumbs && <div className={css.crumbs}>{crumbs}</div>}
        <h1>
          <span className="truncate">{title}</span>
          {children}
        </h1>
      </div>
      {actions && <div className={css.actions}>{actions}</div>}
    </header>
  );
}

interface PageBodyProps {
  children: ReactNode;
  scroll?: boolean;
  /** The id prefix and the selected one of the tabs above, where the body is their panel. */
  tabs?: { idPrefix: string; selected: string };
}

export const PageBody = ({ children, scroll, tabs }: PageBodyProps) => (
  <div
    className={`${css.body} ${scroll ? css.scroll : ''}`}
    {...(tabs && {
      id: `${tabs.idPrefix}-panel`,
      role: 'tabpanel',
      'aria-labelledby': `${tabs.idPrefix}-${tabs.selected}`,
    })}
  >
    {children}
  </div>
);
