[assembly: AssemblyFixture(typeof(Gateway))]
