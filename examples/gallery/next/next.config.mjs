export default { output: 'standalone' } // with what it needs of node_modules, and no more
