using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;

namespace Registry.Storage.Postgres.Connections;

/// <summary>
/// Connection string with the keywords of Npgsql: <c>Host=db;Username=registry;Password=…;Database=registry</c>. No message shows a value, since a mistake may
/// have made a part of the password one.
/// </summary>
internal static partial class ConnectionKeywords
{
    private const string Form = "Host=db;Username=registry;Password=…;Database=registry";

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="FormatException">It cannot be read, or lacks the host, the user or the database; the message is a sentence for the operator.</exception>
    public static NpgsqlConnectionStringBuilder Read(string text)
    {
        var connection = new NpgsqlConnectionStringBuilder();
        foreach (var (keyword, value) in Split(text))
        {
            try
            {
                connection[keyword] = value;
            }
            catch (Exception e) when (e is ArgumentException or FormatException or NotSupportedException)
            {
                throw new FormatException(Explain(connection, keyword, text));
            }
        }

        Require(connection.Host, "host", "Host=…");
        Require(connection.Username, "user", "Username=…");
        Require(connection.Database, "database", "Database=…");
        return connection;
    }

    private static List<(string Keyword, object Value)> Split(string text)
    {
        try
        {
            var parsed = new DbConnectionStringBuilder { ConnectionString = text };
            if (parsed.Count > 0)
            {
                return [.. parsed.Keys.Cast<string>().Select(keyword => (keyword, parsed[keyword]))];
            }
        }
        catch (ArgumentException)
        {
        }

        throw new FormatException($"The connection to PostgreSQL is neither keywords, such as {Form}, nor a URL, such as {ConnectionUrl.Form}.");
    }

    private static string Explain(NpgsqlConnectionStringBuilder connection, string keyword, string text)
    {
        if (connection.ContainsKey(keyword))
        {
            return $"The connection string of PostgreSQL has a value for {keyword} that is not valid. Correct it.";
        }

        // A password with a semicolon continues with what looks like a keyword.
        var isNamed = text.Split(';').TakeWhile(part => !Password.IsMatch(part))
            .Any(part => part.Split('=')[0].Trim().Equals(keyword, StringComparison.OrdinalIgnoreCase));
        return isNamed
            ? $"The connection string of PostgreSQL has the keyword {keyword}, which is not known. Correct or remove it."
            : "The connection string of PostgreSQL has a keyword after the password that is not known. If it belongs to the password, write the password in quotation marks.";
    }

    private static void Require(string? value, string what, string keyword)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new FormatException($"The connection string of PostgreSQL has no {what}. Add {keyword} to it.");
        }

        if (AnotherKeyword.IsMatch(value))
        {
            throw new FormatException($"The connection string of PostgreSQL separates keywords by spaces. Separate them by semicolons, as in {Form}.");
        }
    }

    [GeneratedRegex("pass|pwd|psw", RegexOptions.IgnoreCase)]
    private static partial Regex Password { get; }

    [GeneratedRegex(@"\s\w+\s*=")]
    private static partial Regex AnotherKeyword { get; }
}
