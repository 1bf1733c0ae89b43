import ReactMarkdown from 'react-markdown';
import remarkGfm from 'remark-gfm';

/** Markdown an agent wrote: no HTML of its own, no images from elsewhere, links open outside. */
export default function Markdown({ text }: { text: string }) {
  return (
    <ReactMarkdown
      remarkPlugins={[remarkGfm]}
      skipHtml
      components={{
        a: ({ href, children }) => (
          <a href={href} target="_blank" rel="noreferrer noopener">
            {children}
          </a>
        ),
        img: ({ alt, src }) => <span>[{alt || String(src)}]</span>,
        // Cells carry their alignment as an attribute; `style` in markup is not allowed here.
        td: ({ children, style }) => <td align={style?.textAlign as 'right'}>{children}</td>,
        th: ({ children, style }) => <th align={style?.textAlign as 'right'}>{children}</th>,
      }}
    >
      {text}
    </ReactMarkdown>
  );
}
