import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError } from "../api/client";
import classes from "./Shell.module.css";

const pause = 2_000;

/** Away says that the server cannot be reached, and asks again for all that failed once it is back. */
export function Away() {
  const queries = useQueryClient();
  const [away, setAway] = useState(false);
  useEffect(
    () =>
      queries.getQueryCache().subscribe((e) => {
        if (e.type !== "updated") return;
        if (e.action.type === "error" && e.action.error instanceof ApiError && e.action.error.status === 0)
          setAway(true);
        if (e.action.type === "success" && !e.action.manual) setAway(false);
      }),
    [queries],
  );
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(() => void queries.refetchQueries({ queryKey: ["service-names"] }), pause);
    return () => {
      clearInterval(timer);
      void queries.refetchQueries({ predicate: (q) => q.state.status === "error" });
    };
  }, [away, queries]);
  return (
    <div role="status" className={classes.away} data-shown={away || undefined}>
      {away && "The server cannot be reached. This page goes on by itself when it is back."}
    </div>
  );
}
