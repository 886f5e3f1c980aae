namespace Registry.Server.Tests;

/// <summary>Collection of tests that measure the process, or send it signals: no other test runs at the same time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
