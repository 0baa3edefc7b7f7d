//! Nested JSON objects made from dotted paths.
//! Must never be given one path that lies below another.

use std::collections::BTreeMap;

use serde::Serialize;

/// A JSON object of leaves and further objects.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Tree<L>(BTreeMap<&'static str, Node<L>>);

#[derive(Serialize)]
#[serde(untagged)]
enum Node<L> {
    Leaf(L),
    Tree(Tree<L>),
}

impl<L> Tree<L> {
    fn insert(&mut self, path: &'static str, leaf: L) {
        let Some((head, rest)) = path.split_once('.') else {
            self.0.insert(path, Node::Leaf(leaf));
            return;
        };
        let node = self
            .0
            .entry(head)
            .or_insert_with(|| Node::Tree(Self(BTreeMap::new())));
        if let Node::Tree(below) = node {
            below.insert(rest, leaf);
        }
    }
}

impl<L> FromIterator<(&'static str, L)> for Tree<L> {
    fn from_iter<I: IntoIterator<Item = (&'static str, L)>>(leaves: I) -> Self {
        let mut tree = Self(BTreeMap::new());
        for (path, leaf) in leaves {
            tree.insert(path, leaf);
        }
        tree
    }
}
