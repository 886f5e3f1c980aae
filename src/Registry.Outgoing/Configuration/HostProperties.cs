using System.Security.Cryptography;
using Registry.Core.Configuration;
using Registry.Files;

namespace Registry.Outgoing.Configuration;

/// <summary>Reads what a JSON file of the operator says about another host.</summary>
/// <param name="folder">Folder from which the paths in the file lead.</param>
public sealed class HostProperties(string folder)
{
    private const int MaxName = 100;

    /// <summary>Reads a name: letters, digits and some signs.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Name of the property in messages.</param>
    /// <exception cref="FormatException">It is invalid.</exception>
    public static string ReadName(ref ConfigurationJson file, string path)
    {
        var name = file.ReadString(path);
        return name.Length is > 0 and <= MaxName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or ':')
            ? name
            : throw file.Fault($"{path} is \"{name}\"; allowed: letters, digits, '.', '_', '-' and ':', at most {MaxName} characters");
    }

    /// <summary>Parses the URL of a host: https or http, without a user and a fragment; null if it is none.</summary>
    public static Uri? ParseUrl(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Fragment.Length == 0
            && url.Host.Length > 0 && text.All(char.IsAscii)
            ? url
            : null;
    }

    /// <summary>A URL for messages: without what is before its host, which may be a password.</summary>
    public static string Masked(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.LastIndexOf('@') is > 0 and var end ? $"…{text[end..]}" : text;
    }

    /// <summary>Reads a file that a property names.</summary>
    /// <param name="file">The file in which the property is.</param>
    /// <param name="path">Name of the property in messages.</param>
    /// <param name="parse">Parses the content; it also gets the full path. Throws <see cref="IOException"/> or <see cref="CryptographicException"/>.</param>
    /// <exception cref="FormatException">It cannot be used.</exception>
    public T ReadFile<T>(ref ConfigurationJson file, string path, Func<byte[], string, T> parse)
    {
        ArgumentNullException.ThrowIfNull(parse);
        var text = file.ReadString(path);
        try
        {
            var full = Path.GetFullPath(text, folder);
            return parse(OperatorFile.Read(full), full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw file.Fault($"{path} is \"{text}\", which cannot be used: {IoFault.Reason(e, Path.Combine(folder, text))}", e);
        }
    }
}
