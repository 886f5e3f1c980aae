using System.Globalization;
using Microsoft.AspNetCore.Http;
using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Query parameters and fields of the registry's own API, each given once at most, and no others: a misspelt one would change what is asked for.</summary>
internal static class ApiParameters
{
    /// <summary>Parameter that names an image.</summary>
    public const string Image = "image";

    /// <summary>Parameter that names a platform.</summary>
    public const string Platform = "platform";

    /// <summary>Checks that a query has no other parameters than these.</summary>
    /// <returns>Null, or the error.</returns>
    public static RegistryError? CheckNames(IQueryCollection query, params IReadOnlyList<string> allowed) =>
        query.Keys.FirstOrDefault(name => !allowed.Contains(name)) is { } unknown
            ? new RegistryError(RegistryErrorCode.BadRequest, $"there is no query parameter '{Parameters.Echo(unknown)}'; allowed: {(allowed.Count == 0 ? "none" : string.Join(", ", allowed))}")
            : null;

    /// <summary>Reads the tag, which every request must name.</summary>
    public static Result<Tag> ReadTag(IQueryCollection query)
    {
        if (!QueryParameter.Read(query, "tag").TryGet(out var text, out var fault))
        {
            return fault;
        }

        return Tag.TryParse(text, out var tag) ? tag : Parameters.InvalidTag(text);
    }

    /// <summary>Reads an image, which every request must name: a repository, with a tag or digest or without.</summary>
    /// <param name="query">The query.</param>
    /// <param name="name">Name of the parameter.</param>
    public static Result<ImageReference> ReadImage(IQueryCollection query, string name) =>
        QueryParameter.Read(query, name).TryGet(out var text, out var fault) ? ParseImage(name, text) : fault;

    /// <summary>Parses an image.</summary>
    /// <param name="name">Name of the parameter, for messages.</param>
    /// <param name="text">The image.</param>
    public static Result<ImageReference> ParseImage(string name, string text) => ImageReference.TryParse(text, out var image)
        ? image
        : Malformed($"{name} is '{Parameters.Echo(text)}'; it must be an image such as team/app:1.0, team/app@sha256:… or team/app");

    /// <summary>Reads a platform; null without the parameter.</summary>
    public static Result<string?> ReadPlatform(IQueryCollection query) => !QueryParameter.Find(query, Platform).TryGet(out var text, out var fault) ? fault
        : text is null || ImagePlatform.IsValid(text) ? text
        : Malformed($"{Platform} is '{Parameters.Echo(text)}'; it must be a platform such as linux/amd64 or linux/arm64/v8");

    /// <summary>Reads the digest, which every request must name.</summary>
    public static Result<Digest> ReadDigest(IQueryCollection query)
    {
        if (!QueryParameter.Read(query, Route.DigestParameter).TryGet(out var text, out var fault))
        {
            return fault;
        }

        return Digest.TryParse(text, out var digest) ? digest : Parameters.InvalidDigest(text);
    }

    /// <summary>Reads a digest; null without it.</summary>
    /// <param name="query">The query.</param>
    /// <param name="name">Name of the parameter.</param>
    public static Result<Digest?> FindDigest(IQueryCollection query, string name)
    {
        if (!QueryParameter.Find(query, name).TryGet(out var text, out var fault))
        {
            return fault;
        }

        return text is null ? (Digest?)null : Digest.TryParse(text, out var digest) ? digest : Parameters.InvalidDigest(text);
    }

    /// <summary>Reads the position before or after which a page begins; null for the first page.</summary>
    /// <param name="query">The query.</param>
    /// <param name="name">Name of the parameter.</param>
    /// <param name="what">What it names, for messages.</param>
    public static Result<long?> ReadPosition(IQueryCollection query, string name, string what)
    {
        if (!QueryParameter.Find(query, name).TryGet(out var text, out var fault))
        {
            return fault;
        }

        return text is null ? (long?)null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position
            : Malformed($"{name} is '{Parameters.Echo(text)}'; it must be {what}, a whole number of 0 or more");
    }

    /// <summary>Reads the size of a page, 1 or more; null for the default.</summary>
    public static Result<int?> ReadPageSize(IQueryCollection query)
    {
        if (!QueryParameter.Find(query, "n").TryGet(out var text, out var fault))
        {
            return fault;
        }

        // A number beyond 32 bits exceeds the largest page, too.
        return text is null ? (int?)null
            : !text.AsSpan().ContainsAnyExceptInRange('0', '9') && text.AsSpan().ContainsAnyExcept('0')
                ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : int.MaxValue
            : new RegistryError(RegistryErrorCode.PageSizeInvalid, $"n is '{Parameters.Echo(text)}'; it must be a whole number of 1 or more");
    }

    /// <summary>Reads a switch, <c>true</c> or <c>false</c>; false without the parameter.</summary>
    public static Result<bool> ReadSwitch(IQueryCollection query, string name)
    {
        if (!QueryParameter.Find(query, name).TryGet(out var text, out var fault))
        {
            return fault;
        }

        return text switch
        {
            null or "false" => false,
            "true" => true,
            _ => Malformed($"{name} is '{Parameters.Echo(text)}'; allowed: true, false"),
        };
    }

    /// <summary>Reads the order of a list; the first one without a parameter.</summary>
    /// <param name="query">The query.</param>
    /// <param name="orders">The orders by their names.</param>
    public static Result<T> ReadOrder<T>(IQueryCollection query, IReadOnlyDictionary<string, T> orders)
        where T : struct
    {
        if (!QueryParameter.Find(query, "sort").TryGet(out var text, out var fault))
        {
            return fault;
        }

        return text is null ? default(T)
            : orders.TryGetValue(text, out var order) ? order
            : Malformed($"sort is '{Parameters.Echo(text)}'; allowed: {string.Join(", ", orders.Keys)}");
    }

    /// <summary>Reads what is asked of the activity.</summary>
    /// <param name="query">The query.</param>
    /// <param name="repository">The repository; null for all.</param>
    public static Result<ActivityQuery> ReadActivity(IQueryCollection query, RepositoryName? repository)
    {
        if (!ReadPosition(query, "before", "the position of a change").TryGet(out var before, out var fault) || !QueryParameter.Find(query, "user").TryGet(out var user, out fault)
            || !QueryParameter.Find(query, "kind").TryGet(out var name, out fault))
        {
            return fault;
        }

        // A form without a choice sends an empty value.
        var kind = default(ChangeKind?);
        if (!string.IsNullOrEmpty(name))
        {
            if (!ChangeKindName.TryParse(name, out var named))
            {
                return Malformed($"kind is '{Parameters.Echo(name)}'; allowed: {string.Join(", ", ChangeKindName.All)}");
            }

            kind = named;
        }

        return new ActivityQuery { Repository = repository, User = string.IsNullOrEmpty(user) ? null : user, Kind = kind, Before = before };
    }

    /// <summary>Reads the time; null for now.</summary>
    /// <param name="query">The query.</param>
    /// <param name="name">Name of the parameter.</param>
    public static Result<DateTimeOffset?> ReadTime(IQueryCollection query, string name = "at")
    {
        if (!QueryParameter.Find(query, name).TryGet(out var text, out var fault))
        {
            return fault;
        }

        // In a query, + stands for a space.
        return text is null ? (DateTimeOffset?)null
            : Rfc3339.TryParse(text, out var time) ? time
            : Malformed($"{NotATime(name, text)}{(text.Contains(' ', StringComparison.Ordinal) ? "; in a URL, write %2B for +" : string.Empty)}");
    }

    /// <summary>Reads what a rollback sets a tag to, from the fields of its body.</summary>
    public static Result<RollbackTarget> ReadTarget(IReadOnlyDictionary<string, string> fields)
    {
        var (to, at) = (fields.GetValueOrDefault("to"), fields.GetValueOrDefault("at"));
        return (to, at) switch
        {
            (not null, not null) => Malformed("the body has both 'to' and 'at'; give one of them, or none for the manifest before"),
            (not null, null) => Digest.TryParse(to, out var digest) ? RollbackTarget.To(digest) : Parameters.InvalidDigest(to),
            (null, not null) => ParseTime(at, "at").TryGet(out var time, out var fault) ? RollbackTarget.At(time) : fault,
            _ => RollbackTarget.Previous,
        };
    }

    /// <summary>Parses a time in a field of a form or body.</summary>
    /// <param name="text">The value of the field.</param>
    /// <param name="name">Name of the field.</param>
    public static Result<DateTimeOffset> ParseTime(string text, string name) => Rfc3339.TryParse(text, out var time) ? time : Malformed(NotATime(name, text));

    private static string NotATime(string name, string text) =>
        $"{name} is '{Parameters.Echo(text)}'; it must be a time with its offset from UTC (RFC 3339), such as {Rfc3339.Example}";

    private static RegistryError Malformed(string detail) => new(RegistryErrorCode.BadRequest, detail);
}
