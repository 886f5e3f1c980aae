using Registry.Interop.Tests;
using Registry.Interop.Tests.Access;
using Registry.Interop.Tests.Packages;

// Engines, registries and the compiler all want the same two cores: one test at a time is also the fastest.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(RegistryUnderTest))]
[assembly: AssemblyFixture(typeof(AccessRegistries))]
[assembly: AssemblyFixture(typeof(PackagedRegistry))]
[assembly: ServerOutput]
