using Registry.Core.Configuration;

namespace Registry.Core.Policies.Rules;

/// <summary>Reads the policy file (JSON; comments and trailing commas are allowed). Anything it does not understand is an error with its line.</summary>
public static class PolicyRulesReader
{
    private const string Properties = "rules";

    /// <summary>Reads the file's bytes, and the keys that it names.</summary>
    /// <param name="json">Content of the file.</param>
    /// <param name="readFile">Reads a file by its path as written; throws an <see cref="IOException"/> whose message is a clause if it cannot.</param>
    /// <exception cref="FormatException">The file is invalid, or a file that it names cannot be used; the message names the line and the allowed values.</exception>
    public static PolicyRules Read(ReadOnlySpan<byte> json, Func<string, byte[]> readFile)
    {
        ArgumentNullException.ThrowIfNull(readFile);
        return ConfigurationJson.Read(json, (ref ConfigurationJson file) => ReadRoot(ref file, new PolicyRuleReader(readFile)));
    }

    private static PolicyRules ReadRoot(ref ConfigurationJson file, PolicyRuleReader reader)
    {
        IReadOnlyList<PolicyRule>? rules = null;
        var seen = new HashSet<string>();
        file.BeginObject("the file");
        while (file.NextProperty(seen) is { } property)
        {
            rules = property == "rules"
                ? file.ReadArray(property, "an array", reader.Read)
                : throw file.Fault($"unknown property \"{property}\"; allowed: {Properties}");
        }

        return new PolicyRules(rules ?? throw ConfigurationJson.Fault(1, "rules is missing; allowed: an array of rules"));
    }
}
