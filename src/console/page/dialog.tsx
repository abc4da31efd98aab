/** A native modal dialog: it keeps the focus inside, and restores it afterwards. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { Button } from './parts.tsx';

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  // A click outside the dialog targets the dialog element itself.
  const onClick = (event: MouseEvent) => {
    if (event.target === element.current) close();
  };
  return (
    <dialog
      ref={element}
      aria-label={title}
      onClose={close}
      onClick={onClick}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2>{title}</h2>
        <Button class="icon ghost" aria-label="Close" onClick={close}>
          <Icon name="cross" />
        </Button>
      </header>
      <div class="body">{children}</div>
    </dialog>
  );
}
