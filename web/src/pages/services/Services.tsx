import { PageTitle } from "../../ui/PageTitle";

export default function Services() {
  return <PageTitle title="Services" />;
}
