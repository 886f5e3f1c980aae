using System.CommandLine;

namespace Registry.Server.Commands;

/// <summary>A command with the examples that its help ends with.</summary>
internal sealed class DescribedCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines that work as they are; a test parses them.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
