using Npgsql;
using Registry.Core.Storage;

namespace Registry.Storage.Postgres.Connections;

/// <summary>A connection for questions about a database that need no node: nothing is created, and no row of a process is written.</summary>
internal static class OneConnection
{
    /// <summary>Connects, asks, and closes the connection.</summary>
    /// <param name="settings">The connection.</param>
    /// <param name="ask">The question; gets the connection and the name of the server.</param>
    /// <exception cref="StorageException">The server cannot be used; the message is a sentence for the operator.</exception>
    public static async Task<T> UseAsync<T>(PostgresSettings settings, Func<NpgsqlConnection, string, Task<T>> ask)
    {
        var connection = ConnectionString.Read(settings);
        var server = ConnectionString.NameOf(connection);
        try
        {
            await using var source = new NpgsqlSlimDataSourceBuilder(connection.ConnectionString).EnableArrays().EnableTransportSecurity().Build();
            await using var opened = await source.OpenConnectionAsync();
            return await ask(opened, server);
        }
        catch (Exception e)
        {
            throw PostgresFault.OfOpening(e, server, connection);
        }
    }
}
