using System.Net.Sockets;
using Npgsql;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Connections;

namespace Registry.Storage.Postgres;

/// <summary>Translates errors of PostgreSQL into the exceptions that callers of the storage handle, and says which of them a repetition may cure.</summary>
internal static class PostgresFault
{
    // PostgreSQL, appendix A. Npgsql has no name for it.
    private const string IdleInTransactionSessionTimeout = "25P03";

    /// <summary>
    /// True for an error after which the server has certainly made no change, and the same change may succeed: a deadlock, rows that another change has
    /// added or removed meanwhile, or a transaction that this process has left idle for too long.
    /// </summary>
    public static bool IsUndone(Exception error) => error is RepeatMutationException or PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.UniqueViolation or IdleInTransactionSessionTimeout,
    };

    /// <summary>True for a connection that was cut, or could not be made: the server restarts, another one takes over, or the network failed.</summary>
    public static bool IsCut(Exception error) => error switch
    {
        PostgresException { SqlState: var state } => state is
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.ReadOnlySqlTransaction
            || state.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException { InnerException: IOException or SocketException } => true,
        NpgsqlException { InnerException: AggregateException hosts } => hosts.InnerExceptions.All(IsCut),

        // Of several hosts, none was the primary when Npgsql asked last.
        NpgsqlException { InnerException: null, Message: "No suitable host was found." } => true,
        _ => false,
    };

    /// <summary>Translates the error of a query.</summary>
    public static Exception OfQuery(Exception error) => Translate("The metadata could not be read", error);

    /// <summary>Translates the error of a change.</summary>
    /// <param name="error">The error.</param>
    /// <param name="isCommitSent">True if the commit may have reached the server.</param>
    public static Exception OfChange(Exception error, bool isCommitSent) => Translate(
        isCommitSent && IsCut(error)
            ? "The metadata may or may not have been written, because the connection was cut during the commit"
            : "The metadata could not be written",
        error);

    /// <summary>Translates the error of the first connection into a sentence for the operator.</summary>
    /// <param name="error">The error.</param>
    /// <param name="server">The server, such as <c>db:5432</c>.</param>
    /// <param name="settings">The connection.</param>
    public static Exception OfOpening(Exception error, string server, NpgsqlConnectionStringBuilder settings)
    {
        if (error is NpgsqlException { InnerException: AggregateException hosts })
        {
            // A host that answers tells more than one that does not.
            error = hosts.InnerExceptions.FirstOrDefault(one => one is PostgresException) ?? hosts.InnerExceptions[0];
        }

        var message = error switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                $"PostgreSQL at {server} refuses the user {settings.Username}: the password is wrong. Correct it in the connection string.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } e =>
                $"PostgreSQL at {server} refuses the user {settings.Username}: {e.MessageText}. Create the user, or allow the connection in pg_hba.conf.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                $"PostgreSQL at {server} has no database {settings.Database}. Create it: CREATE DATABASE {settings.Database} OWNER {settings.Username}",
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e =>
                $"The user {settings.Username} lacks rights in {ConnectionString.AddressOf(settings.Database, server)}: {e.MessageText}. Make the user its owner.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
                $"PostgreSQL at {server} has no connection left. Raise its max_connections, or lower the pool size of the nodes.",
            NpgsqlException { InnerException: SocketException or TimeoutException or IOException } =>
                $"PostgreSQL at {server} cannot be reached: {TextOf(error)}",
            NpgsqlException when error.Message.StartsWith("No password", StringComparison.Ordinal) =>
                $"PostgreSQL at {server} refuses the user {settings.Username}: the connection string has no password.",
            NpgsqlException => $"PostgreSQL at {server} cannot be used: {TextOf(error)}",
            _ => null,
        };
        return message is null ? error : new StorageException(message, error) { IsTransient = IsTransient(error) };
    }

    private static Exception Translate(string what, Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } e => new StorageException($"{what}: {e.MessageText}", isFull: true),
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => new StorageException(
            $"{what}: another change of the same repository or content has not ended in time", error)
        {
            IsTransient = true,
        },
        NpgsqlException or RepeatMutationException => new StorageException($"{what}: {TextOf(error)}", error) { IsTransient = IsTransient(error) },
        ObjectDisposedException => new StorageException("The metadata has been closed."),
        _ => error,
    };

    private static bool IsTransient(Exception error) => IsUndone(error) || IsCut(error) || error is NpgsqlException { IsTransient: true };

    private static string TextOf(Exception error) => error is PostgresException e
        ? e.MessageText
        : error.InnerException is { } inner and not AggregateException ? inner.Message : error.Message;
}
