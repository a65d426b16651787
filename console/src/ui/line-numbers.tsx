// Line numbers beside a text area that does not wrap, with a mark at each line that has an error. Screen readers get the
// errors from the list below the text area instead.
import type { ComponentChild, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface LineNumbersProps {
  count: number;
  /** The errors of a line, by its number. */
  errors: ReadonlyMap<number, string>;
  area: RefObject<HTMLTextAreaElement | null>;
}

export function LineNumbers({ count, errors, area }: LineNumbersProps) {
  const margin = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const text = area.current;
    const follow = () => {
      if (text && margin.current) margin.current.scrollTop = text.scrollTop;
    };
    follow();
    text?.addEventListener("scroll", follow);
    return () => text?.removeEventListener("scroll", follow);
  }, [count]);
  // One text between two marks, so that a long text stays fast.
  const parts: ComponentChild[] = [];
  let numbers = "";
  for (let number = 1; number <= count; number++) {
    const error = errors.get(number);
    if (error === undefined) {
      numbers += `${number}\n`;
    } else {
      parts.push(numbers, <b title={error}>{`✕ ${number}\n`}</b>);
      numbers = "";
    }
  }
  return (
    <div class="line-numbers mono" ref={margin} aria-hidden="true">
      <div>{[...parts, numbers]}</div>
    </div>
  );
}
