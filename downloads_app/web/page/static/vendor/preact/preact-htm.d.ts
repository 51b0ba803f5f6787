/** What the bundled module offers, as far as the page uses it; the packages' own types have the rest. */

export function html(parts: TemplateStringsArray, ...values: unknown[]): any;
export function render(node: unknown, place: Element | null): void;
export function useCallback<F extends (...given: any[]) => unknown>(call: F, inputs: readonly unknown[]): F;
export function useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
export function useMemo<T>(make: () => T, inputs: readonly unknown[]): T;
export function useRef(first: any): { current: any };
export function useState(first: any): [any, (next: any) => void];
