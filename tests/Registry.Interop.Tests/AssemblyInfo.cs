using Registry.Interop.Tests;
using Registry.Interop.Tests.Access;
using Registry.Interop.Tests.Packages;

// Clients mostly wait, for the registry or for the disk, and compiling the package takes minutes: two tests at a time keep two cores busy.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]
[assembly: AssemblyFixture(typeof(RegistryUnderTest))]
[assembly: AssemblyFixture(typeof(AccessRegistries))]
[assembly: AssemblyFixture(typeof(PackagedRegistry))]
[assembly: ServerOutput]
