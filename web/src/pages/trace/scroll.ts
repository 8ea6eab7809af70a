// Browsers cannot make an element as high as a million rows. Above this height the
// scroll bar stands for more than its pixels, and the wheel moves by rows itself.
const tallest = 8_000_000;

/** Scroll maps the position of a scroll bar to pixels of a content of any height. */
export class Scroll {
  /** top is the first pixel of the content that is seen. */
  top = 0;
  private expected = -1;

  constructor(
    private readonly element: HTMLElement,
    public content: number,
  ) {}

  get view(): number {
    return this.element.clientHeight;
  }

  /** bar is how high the element that makes the scroll bar is to be. */
  get bar(): number {
    return Math.min(this.content, tallest);
  }

  private get ratio(): number {
    const room = this.bar - this.view;
    return room > 0 && this.content > this.bar ? (this.content - this.view) / room : 1;
  }

  /** scrolled is called when the browser has scrolled; it tells whether anything moved. */
  scrolled(): boolean {
    const at = this.element.scrollTop;
    if (Math.abs(at - this.expected) < 1) return false; // our own doing
    this.expected = -1;
    this.top = this.limit(at * this.ratio);
    return true;
  }

  /** to moves the content to a pixel, and the scroll bar along. */
  to(top: number): void {
    this.top = this.limit(top);
    this.expected = this.top / this.ratio;
    this.element.scrollTop = this.expected;
  }

  /** wheel handles what the browser would do too coarsely; it tells whether it did. */
  wheel(e: WheelEvent): boolean {
    if (this.ratio === 1 || e.deltaY === 0) return false;
    this.to(this.top + (e.deltaMode === 1 ? e.deltaY * 20 : e.deltaY));
    return true;
  }

  private limit(top: number): number {
    return Math.max(0, Math.min(top, this.content - this.view));
  }
}
