using System.Globalization;
using System.Net;
using System.Text;
using Npgsql;

namespace Registry.Storage.Postgres.Connections;

/// <summary>
/// Address of a database as the tools of PostgreSQL take it (its documentation, section 34.1.1.2, and RFC 3986): several hosts, IPv6 addresses in brackets, and
/// parameters with the names of libpq. No message shows what may be a part of the password.
/// </summary>
internal static class ConnectionUrl
{
    public const string Form = "postgres://user:password@host:5432/database";

    private const string Parameters = "sslmode, sslrootcert, sslcert, sslkey, application_name, connect_timeout, target_session_attrs, options";

    // Greatest timeout of Npgsql, in seconds.
    private const int MaxTimeout = 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>True for a text that begins like a URL of PostgreSQL.</summary>
    public static bool IsUrl(string text) =>
        text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a URL.</summary>
    /// <exception cref="FormatException">It cannot be read, or lacks the host, the user or the database; the message is a sentence for the operator.</exception>
    public static NpgsqlConnectionStringBuilder Read(string text)
    {
        var (address, query) = Cut(text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..], '?');
        var (authority, path) = Cut(address, '/');
        if (authority.Count('@') > 1 || path.Contains('@') || query.Contains('@') || text.Contains('#'))
        {
            throw new FormatException("The URL of PostgreSQL has a user or password with a character that separates parts of a URL. Write @ as %40, / as %2F, ? as %3F, # as %23 and % as %25.");
        }

        var at = authority.IndexOf('@', StringComparison.Ordinal);
        var (user, password) = Cut(at < 0 ? string.Empty : authority[..at], ':');
        var connection = new NpgsqlConnectionStringBuilder
        {
            Username = Require(user, "user"),
            Password = password.Length > 0 ? Decode(password) : null,
            Database = Require(path, "database"),
        };
        SetHosts(connection, authority[(at + 1)..].Split(','));
        foreach (var parameter in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Cut(parameter, '=');
            SetParameter(connection, Decode(name), Decode(value));
        }

        return connection;
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder connection, string[] hosts)
    {
        var read = Array.ConvertAll(hosts, ReadHost);
        if (read.Length == 1)
        {
            (connection.Host, connection.Port) = (read[0].Host, read[0].Port);
            return;
        }

        connection.Host = string.Join(',', read.Select(one => string.Create(
            CultureInfo.InvariantCulture, $"{(one.Host.Contains(':') ? $"[{one.Host}]" : one.Host)}:{one.Port}")));
    }

    private static (string Host, int Port) ReadHost(string text)
    {
        var isAddress = text.StartsWith('[');
        var end = isAddress ? text.IndexOf(']', StringComparison.Ordinal) : text.IndexOf(':', StringComparison.Ordinal) - 1;
        var host = isAddress ? text[1..Math.Max(1, end)] : end < -1 ? text : text[..(end + 1)];
        var port = end < -1 ? string.Empty : text[(end + 1)..];
        if (isAddress != (IPAddress.TryParse(host, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            || (!isAddress && port.Count(':') > 1))
        {
            throw new FormatException("The URL of PostgreSQL has an IPv6 address that is not valid, or is not in brackets, as in [::1]:5432.");
        }

        return (Require(host, "host"), ReadPort(port));
    }

    // The port with its colon.
    private static int ReadPort(string text)
    {
        if (text is "" or ":")
        {
            return NpgsqlConnection.DefaultPort;
        }

        return text[0] == ':' && ushort.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
            ? port
            : throw new FormatException("The URL of PostgreSQL has a port that is not a number from 1 to 65535.");
    }

    private static void SetParameter(NpgsqlConnectionStringBuilder connection, string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                connection.SslMode = value switch
                {
                    "disable" => SslMode.Disable,
                    "allow" => SslMode.Allow,
                    "prefer" => SslMode.Prefer,
                    "require" => SslMode.Require,
                    "verify-ca" => SslMode.VerifyCA,
                    "verify-full" => SslMode.VerifyFull,
                    _ => throw Refuse(name, "disable, allow, prefer, require, verify-ca or verify-full"),
                };
                break;
            case "sslrootcert":
                // Without a file, the certificates of the system count.
                connection.RootCertificate = value == "system" ? null : value;
                break;
            case "sslcert":
                connection.SslCertificate = value;
                break;
            case "sslkey":
                connection.SslKey = value;
                break;
            case "application_name":
                connection.ApplicationName = value;
                break;
            case "connect_timeout":
                connection.Timeout = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= MaxTimeout
                    ? seconds
                    : throw Refuse(name, $"a number of seconds from 1 to {MaxTimeout}");
                break;
            case "target_session_attrs":
                connection.TargetSessionAttributes = value is "primary" or "read-write" ? value : throw Refuse(name, "primary or read-write, since the registry writes");
                break;
            case "options":
                connection.Options = value;
                break;
            default:
                throw new FormatException($"The URL of PostgreSQL has the parameter {name}, which the registry does not know. It knows {Parameters}.");
        }
    }

    private static FormatException Refuse(string parameter, string allowed) => new($"The parameter {parameter} in the URL of PostgreSQL must be {allowed}.");

    private static string Require(string text, string what) => text.Length > 0
        ? Decode(text)
        : throw new FormatException($"The URL of PostgreSQL has no {what}. Its form is {Form}.");

    private static (string Before, string After) Cut(string text, char separator)
    {
        var index = text.IndexOf(separator, StringComparison.Ordinal);
        return index < 0 ? (text, string.Empty) : (text[..index], text[(index + 1)..]);
    }

    // RFC 3986, section 2.1: of UTF-8.
    private static string Decode(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text).AsSpan();
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var next = bytes[i];
            if (next == '%')
            {
                if (i + 2 >= bytes.Length || !byte.TryParse(bytes.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out next) || next == 0)
                {
                    throw new FormatException("The URL of PostgreSQL has a % that no two hexadecimal digits follow, or %00. Write a % as %25.");
                }

                i += 2;
            }

            bytes[length++] = next;
        }

        try
        {
            return StrictUtf8.GetString(bytes[..length]);
        }
        catch (DecoderFallbackException)
        {
            throw new FormatException("The URL of PostgreSQL has a percent-encoded character that is not UTF-8.");
        }
    }
}
