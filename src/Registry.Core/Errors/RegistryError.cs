namespace Registry.Core.Errors;

/// <summary>A request that is answered with an error: the row of the table and what exactly was wrong this time.</summary>
public sealed record RegistryError
{
    /// <summary>An error of one row, with an optional detail in plain words.</summary>
    public RegistryError(RegistryErrorCode code, string? detail = null)
    {
        Code = code;
        Details = detail is null ? [] : [detail];
    }

    /// <summary>An error with several entries of the same row: each missing blob of a manifest, for instance.</summary>
    public RegistryError(RegistryErrorCode code, IReadOnlyList<string> details)
    {
        Code = code;
        Details = details;
    }

    /// <summary>
    /// Nobody has shown who is asking. It needs a detail: docker reads an entry with the standard message and none as a bare code, prints only
    /// "unauthorized", and repeats a push five times, for nearly a minute.
    /// </summary>
    public static RegistryError Unauthorized { get; } =
        new(RegistryErrorCode.Unauthorized, "the request needs the credentials of a user, or a token, with this permission");

    /// <summary>The row of the table.</summary>
    public RegistryErrorCode Code { get; }

    /// <summary>One entry each in the answer; empty for one entry without a detail.</summary>
    public IReadOnlyList<string> Details { get; }

    public static implicit operator RegistryError(RegistryErrorCode code) => new(code);

    /// <inheritdoc/>
    public override string ToString() => Details.Count == 0 ? Code.ToString() : $"{Code}: {string.Join("; ", Details)}";
}
