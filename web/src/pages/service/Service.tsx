import { PageTitle } from "../../ui/PageTitle";

export default function Service() {
  return <PageTitle title="Service" />;
}
