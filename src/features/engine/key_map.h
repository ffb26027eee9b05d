// EntityKey as the key of a map: only ever looked up, never iterated where order could show.
#pragma once

#include <unordered_map>

#include "features/definition.h"

namespace amity::features {

struct EntityKeyHash {
  size_t operator()(const EntityKey& key) const noexcept {
    const size_t kinds =
        static_cast<size_t>(key.kinds.first) * 16 + (key.kinds.second ? static_cast<size_t>(*key.kinds.second) : 0);
    return std::hash<Uuid>{}(key.id) ^ kinds * 0x9e3779b97f4a7c15;
  }
};

template <class T>
using KeyMap = std::unordered_map<EntityKey, T, EntityKeyHash>;

}  // namespace amity::features
