export default function Page() { return <p>next is static</p> }
