export const revalidate = 1
export default function Page() { return <p>rendered at {Date.now()}</p> }
