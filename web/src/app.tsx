import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ApiError } from "./api/client";
import { makeRouter } from "./router";
import { nonce, theme } from "./ui/theme";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A range is in the key, so an answer holds until someone asks for a newer range.
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 60_000,
      refetchOnWindowFocus: false,
      // A server that is away may come back; what it said of a query it will say again.
      retry: (failures, err) => err instanceof ApiError && (err.status === 0 || err.status === 503) && failures < 2,
      retryDelay: 600,
      // Loopback needs no network; the browser's idea of being offline is none of ours.
      networkMode: "always",
    },
  },
});

const router = makeRouter();

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
