using System.CommandLine;

namespace Registry.Server.Commands;

/// <summary>Command with examples for its help.</summary>
internal sealed class DescribedCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Complete command lines; a test parses them.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
