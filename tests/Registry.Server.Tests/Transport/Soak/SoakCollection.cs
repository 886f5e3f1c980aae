namespace Registry.Server.Tests.Transport.Soak;

/// <summary>Tests that count resources of the process, so no other test may run at the same time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SoakCollection
{
    public const string Name = "Soak";
}
