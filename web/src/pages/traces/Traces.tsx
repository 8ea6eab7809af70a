import { PageTitle } from "../../ui/PageTitle";

export default function Traces() {
  return <PageTitle title="Traces" />;
}
