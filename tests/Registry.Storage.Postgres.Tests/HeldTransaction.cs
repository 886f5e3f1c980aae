using Npgsql;

namespace Registry.Storage.Postgres.Tests;

/// <summary>A transaction of a test, for which others wait.</summary>
internal sealed class HeldTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private HeldTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) => (_connection, _transaction) = (connection, transaction);

    /// <summary>Begins a transaction, and runs a statement in it.</summary>
    /// <param name="database">The database.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">Values of its parameters.</param>
    public static async Task<HeldTransaction> BeginAsync(TestDatabase database, string sql, params object[] parameters)
    {
        var connection = await database.ConnectAsync();
        var transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // Constants of tests.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync();
        return new HeldTransaction(connection, transaction);
    }

    /// <summary>Ends it, and undoes what it has done.</summary>
    public Task EndAsync() => _transaction.RollbackAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
