[assembly: AssemblyFixture(typeof(Gateway))]
[assembly: AssemblyFixture(typeof(SharedDatabase))]
