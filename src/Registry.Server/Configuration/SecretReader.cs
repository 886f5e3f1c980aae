using System.Security.Cryptography;
using System.Text;
using Registry.Files;

namespace Registry.Server.Configuration;

/// <summary>Reads settings whose values are secret, and may be in files, as container engines mount secrets.</summary>
/// <param name="settings">Reads single settings.</param>
/// <param name="faults">Receives the faults.</param>
internal sealed class SecretReader(OptionsReader settings, List<string> faults)
{
    /// <summary>True if a secret, or the path of its file, is set.</summary>
    public bool IsSet(string name) => (settings.Value(name) ?? settings.Value(name + VariableNames.FileSuffix)) is not null;

    /// <summary>Reads a secret, or the file that has it, without white space at its ends; null if neither is set, or a fault was found.</summary>
    /// <param name="name">Setting of the secret.</param>
    /// <param name="what">Its content, such as <c>the access key</c>.</param>
    public string? Read(string name, string what)
    {
        var value = settings.ReadOptionalText(name, SettingKinds.Text(what, _ => true));
        if (settings.ReadPath(name + VariableNames.FileSuffix, $"a file that holds {what}") is not { } path)
        {
            return value;
        }

        if (value is not null)
        {
            faults.Add($"{name} and {name}{VariableNames.FileSuffix} are both set; unset one of them");
            return value;
        }

        var secret = ReadFile(name + VariableNames.FileSuffix, path, content => Encoding.UTF8.GetString(content).Trim());
        if (secret is { Length: 0 })
        {
            faults.Add($"{name}{VariableNames.FileSuffix} {path} is empty; it must hold {what}");
            return null;
        }

        return secret;
    }

    /// <summary>Reads the file of a setting; null if a fault was found.</summary>
    public T? ReadFile<T>(string name, string path, Func<byte[], T> parse)
        where T : class
    {
        try
        {
            return parse(OperatorFile.Read(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            faults.Add($"{name} {path} cannot be used: {IoFault.Reason(e, path)}");
            return null;
        }
    }
}
