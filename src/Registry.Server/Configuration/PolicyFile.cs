using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Files;

namespace Registry.Server.Configuration;

/// <summary>File of the rules about repositories, with the keys that it names.</summary>
internal static class PolicyFile
{
    public const string Setting = "REGISTRY_POLICY_CONFIG";

    /// <summary>Reads the file, and the keys beside it.</summary>
    /// <exception cref="FormatException">It is invalid; the message names the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to read it.</exception>
    public static PolicyRules Read(string path) => Parse(OperatorFile.Read(path), path);

    /// <summary>Parses the content of the file, and reads the keys that it names. Their paths lead from its folder.</summary>
    /// <exception cref="FormatException">It is invalid; the message names the line.</exception>
    public static PolicyRules Parse(byte[] content, string path)
    {
        var folder = OperatorFile.FolderOf(path);
        return PolicyRulesReader.Read(content, name =>
        {
            try
            {
                return OperatorFile.Read(Path.GetFullPath(name, folder));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new IOException(IoFault.Reason(e, Path.Combine(folder, name)), e);
            }
        });
    }

    /// <summary>Rules about changes for a command, which reads the file once.</summary>
    /// <exception cref="StartupException">The file cannot be used.</exception>
    public static IChangeRules ReadChangeRules(RegistryOptions options)
    {
        var rules = options.ChangeRules is null ? ReadRules(options) : PolicyRules.None;
        return ChangeRulesOf(options, () => rules);
    }

    /// <summary>Rules about changes by the rules that are read from the file; none without the setting.</summary>
    public static IChangeRules ChangeRulesOf(RegistryOptions options, Func<PolicyRules> current) =>
        options.ChangeRules ?? (options.PolicyConfig is null ? NoRules.Instance : new PolicyChangeRules(current));

    /// <summary>Rules for a command, which reads the file once; none without the setting.</summary>
    /// <exception cref="StartupException">The file cannot be used.</exception>
    public static PolicyRules ReadRules(RegistryOptions options)
    {
        if (options.PolicyConfig is not { } path)
        {
            return PolicyRules.None;
        }

        try
        {
            return Read(path);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{Setting} {path} cannot be used: {IoFault.Reason(e, path)}", e);
        }
    }
}
