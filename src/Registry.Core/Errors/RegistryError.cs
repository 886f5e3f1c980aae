namespace Registry.Core.Errors;

/// <summary>Error response to a request: a row of the error table, and the details of this case.</summary>
public sealed record RegistryError
{
    /// <summary>Creates an error of one row, with an optional detail in plain words.</summary>
    public RegistryError(RegistryErrorCode code, string? detail = null)
    {
        Code = code;
        Details = detail is null ? [] : [detail];
    }

    /// <summary>Creates an error with several entries of the same row, such as one for each missing blob of a manifest.</summary>
    public RegistryError(RegistryErrorCode code, IReadOnlyList<string> details)
    {
        Code = code;
        Details = details;
    }

    /// <summary>
    /// The request has no credentials that allow it. It needs a detail: docker reads an entry with the standard message and no detail as a bare code,
    /// prints only "unauthorized", and repeats a push five times, for nearly a minute.
    /// </summary>
    public static RegistryError Unauthorized { get; } =
        new(RegistryErrorCode.Unauthorized, "the request needs the credentials of a user, or a token, with this permission");

    /// <summary>Row of the error table.</summary>
    public RegistryErrorCode Code { get; }

    /// <summary>Details, one entry of the response each; empty for a single entry without a detail.</summary>
    public IReadOnlyList<string> Details { get; }

    public static implicit operator RegistryError(RegistryErrorCode code) => new(code);

    /// <inheritdoc/>
    public override string ToString() => Details.Count == 0 ? Code.ToString() : $"{Code}: {string.Join("; ", Details)}";
}
