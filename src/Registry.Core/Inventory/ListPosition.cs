using System.Globalization;
using Registry.Core.Errors;

namespace Registry.Core.Inventory;

/// <summary>Position in a list whose order is a number, the greatest first, and then a name. Text of it is <c>NUMBER:NAME</c>.</summary>
/// <param name="Value">The number.</param>
/// <param name="Name">The name.</param>
public readonly record struct ListPosition(long Value, string Name)
{
    /// <summary>Before all entries: no character of a name comes after <c>z</c>.</summary>
    public static readonly ListPosition First = new(long.MaxValue, "{");

    /// <summary>Reads a position from a cursor.</summary>
    /// <returns>The position; or BAD_REQUEST.</returns>
    public static Result<ListPosition> Parse(string cursor)
    {
        ArgumentNullException.ThrowIfNull(cursor);
        var end = cursor.IndexOf(':', StringComparison.Ordinal);
        return end > 0 && long.TryParse(cursor.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? new ListPosition(value, cursor[(end + 1)..])
            : new RegistryError(RegistryErrorCode.BadRequest, "'after' is no position in this list; use the one that the page before has returned, with the same 'sort'");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value}:{Name}");
}
