using Registry.Interop.Tests;

// Engines, registries and the compiler all want the same two cores: one test at a time is also the fastest.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(RegistryUnderTest))]
[assembly: ServerOutput]
