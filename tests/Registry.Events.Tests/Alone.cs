namespace Registry.Events.Tests;

/// <summary>Collection of tests that measure the whole process: no other test runs at the same time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
