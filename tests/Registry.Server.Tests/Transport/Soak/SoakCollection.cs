namespace Registry.Server.Tests.Transport.Soak;

/// <summary>Tests that count what the process holds: nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SoakCollection
{
    public const string Name = "Soak";
}
