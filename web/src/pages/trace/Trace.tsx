import { PageTitle } from "../../ui/PageTitle";

export default function Trace() {
  return <PageTitle title="Trace" />;
}
