using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Registry.Storage.Sqlite;

/// <summary>
/// A connection that prepares its statements once. Parameters are <c>@1</c>, <c>@2</c> … in the SQL. Used by one thread at a time.
/// </summary>
internal sealed class SqliteSession(SqliteConnection connection) : IDisposable
{
    private static readonly string[] ParameterNames = [.. Enumerable.Range(1, 16).Select(i => string.Create(CultureInfo.InvariantCulture, $"@{i}"))];

    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    /// <summary>True if a change was recorded since the caller last set this to false.</summary>
    public bool HasChanges { get; set; }

    /// <summary>Runs a statement and returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> arguments) => Prepare(sql, arguments).ExecuteNonQuery();

    /// <summary>
    /// Keeps what SQLite undoes a single statement with, and what it sorts, in memory. Otherwise they are files in a folder for temporary
    /// files, which a container with a read-only root file system does not have, and a full disk has no room for.
    /// </summary>
    public const string TemporariesInMemory = "PRAGMA temp_store = MEMORY;";

    /// <summary>Runs a pragma. SQLite executes some when it compiles them, so they are not prepared once.</summary>
    public void Pragma(string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Every caller passes a constant.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>Maps the first row; default if there is none.</summary>
    public T? First<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> arguments)
    {
        using var reader = Prepare(sql, arguments).ExecuteReader();
        return reader.Read() ? map(reader) : default;
    }

    /// <summary>Reads a number from the first row; null if there is no row or it is NULL.</summary>
    public long? Number(string sql, params ReadOnlySpan<object?> arguments) =>
        First(sql, row => row.IsDBNull(0) ? null : (long?)row.GetInt64(0), arguments);

    /// <summary>Maps all rows.</summary>
    public List<T> All<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> arguments)
    {
        using var reader = Prepare(sql, arguments).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<object?> arguments)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every caller passes a constant; values are parameters.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < arguments.Length; i++)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = ParameterNames[i] });
            }

            _commands[sql] = command;
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            command.Parameters[i].Value = arguments[i] ?? DBNull.Value;
        }

        return command;
    }
}
