using Npgsql;
using NpgsqlTypes;

namespace Registry.Storage.Postgres;

/// <summary>
/// A connection that collects statements and sends them together: one round trip for all statements up to the next answer that the caller needs.
/// Parameters are <c>$1</c>, <c>$2</c> … in the SQL. Used by one caller at a time.
/// </summary>
internal sealed class PostgresSession(NpgsqlConnection connection)
{
    private readonly List<NpgsqlBatchCommand> _commands = [];

    // One for each collected statement that returns rows.
    private readonly List<Func<NpgsqlDataReader, Task>> _readers = [];

    /// <summary>True if the transaction is to be rolled back although there is no error.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>True from the moment at which a commit may have reached the server.</summary>
    public bool IsCommitSent { get; private set; }

    /// <summary>Rolls the transaction back when the mutation has returned: it has found nothing to change.</summary>
    public void Abandon() => IsAbandoned = true;

    /// <summary>Collects a statement that returns no rows.</summary>
    public void Queue(string sql, params ReadOnlySpan<object?> arguments) => Add(sql, arguments);

    /// <summary>Collects a statement that locks. What follows sees what the statement has waited for.</summary>
    public void Lock(string sql, params ReadOnlySpan<object?> arguments)
    {
        Add(sql, arguments);
        _readers.Add(_ => Task.CompletedTask);
    }

    /// <summary>Collects a query, or a change that returns rows.</summary>
    /// <returns>The rows, after <see cref="SendAsync"/>.</returns>
    public List<T> Ask<T>(string sql, Func<NpgsqlDataReader, T> map, params ReadOnlySpan<object?> arguments)
    {
        Add(sql, arguments);
        var rows = new List<T>();
        _readers.Add(async reader =>
        {
            while (await reader.ReadAsync())
            {
                rows.Add(map(reader));
            }
        });
        return rows;
    }

    /// <summary>Sends the collected statements, and reads their rows.</summary>
    /// <exception cref="NpgsqlException">A statement failed, and those after it did not run.</exception>
    public async Task SendAsync()
    {
        if (_commands.Count == 0)
        {
            return;
        }

        await using var batch = new NpgsqlBatch(connection);
        _commands.ForEach(batch.BatchCommands.Add);
        var readers = _readers.ToArray();
        _commands.Clear();
        _readers.Clear();
        await using var reader = await batch.ExecuteReaderAsync();
        foreach (var read in readers)
        {
            await read(reader);
            await reader.NextResultAsync();
        }
    }

    /// <summary>Sends the collected statements and a last one, and maps its first row; default if there is none.</summary>
    public Task<T?> FirstAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params ReadOnlySpan<object?> arguments)
    {
        var rows = Ask(sql, map, arguments);
        return SendThenAsync(() => rows.Count > 0 ? rows[0] : default);
    }

    /// <summary>Sends the collected statements and a last one, and maps all its rows.</summary>
    public Task<List<T>> AllAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params ReadOnlySpan<object?> arguments)
    {
        var rows = Ask(sql, map, arguments);
        return SendThenAsync(() => rows);
    }

    /// <summary>Sends the collected statements and a last one, and reads a number from its first row; null if there is no row or it is NULL.</summary>
    public Task<long?> NumberAsync(string sql, params ReadOnlySpan<object?> arguments) =>
        FirstAsync(sql, row => row.IsDBNull(0) ? null : (long?)row.GetInt64(0), arguments);

    /// <summary>Sends the collected statements and the commit.</summary>
    public Task CommitAsync()
    {
        Queue("COMMIT");
        IsCommitSent = true;
        return SendAsync();
    }

    /// <summary>Rolls the transaction back. Statements that were not sent are dropped.</summary>
    public Task RollBackAsync()
    {
        _commands.Clear();
        _readers.Clear();
        Queue("ROLLBACK");
        return SendAsync();
    }

    private async Task<T> SendThenAsync<T>(Func<T> read)
    {
        await SendAsync();
        return read();
    }

    private void Add(string sql, ReadOnlySpan<object?> arguments)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var argument in arguments)
        {
            command.Parameters.Add(ParameterOf(argument));
        }

        _commands.Add(command);
    }

    private static NpgsqlParameter ParameterOf(object? argument) => argument switch
    {
        null => new NpgsqlParameter { Value = DBNull.Value },
        string text => new NpgsqlParameter<string> { TypedValue = PostgresText.Of(text), NpgsqlDbType = NpgsqlDbType.Text },
        int number => new NpgsqlParameter<int> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Integer },
        long number => new NpgsqlParameter<long> { TypedValue = number, NpgsqlDbType = NpgsqlDbType.Bigint },
        bool value => new NpgsqlParameter<bool> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Boolean },
        Guid id => new NpgsqlParameter<Guid> { TypedValue = id, NpgsqlDbType = NpgsqlDbType.Uuid },
        byte[] bytes => new NpgsqlParameter<byte[]> { TypedValue = bytes, NpgsqlDbType = NpgsqlDbType.Bytea },
        string?[] texts => new NpgsqlParameter<string?[]> { TypedValue = Array.ConvertAll(texts, text => text is null ? null : PostgresText.Of(text)), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
        Guid[] ids => new NpgsqlParameter<Guid[]> { TypedValue = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
        long[] numbers => new NpgsqlParameter<long[]> { TypedValue = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
        _ => throw new ArgumentException($"No type of PostgreSQL is known for {argument.GetType()}.", nameof(argument)),
    };
}
